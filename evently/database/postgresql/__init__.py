"""The database engine of the settings: Django's for PostgreSQL, with a cheaper look at connections.

Django finds it by the name of this package.
"""
