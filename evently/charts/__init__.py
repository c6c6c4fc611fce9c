"""Charts as SVG: scales and labels of their axes, and the lines between. Pure."""
