"""Load, faults and an audit: what is still true after each part was killed or stopped."""
