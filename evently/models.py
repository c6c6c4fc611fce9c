"""No tables: Django sends `post_migrate`, which the grants wait for, only to apps with models."""
