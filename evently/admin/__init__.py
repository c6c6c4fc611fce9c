"""The admin toolkit that all apps share: lists, cells, tabs and confirmation pages."""
