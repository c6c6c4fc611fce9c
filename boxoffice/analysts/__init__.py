"""What analysts may read: the schema `analytics`, its views, and the logins that see nothing else.

Views belong to the owner of the tables and give just what they select. They are created anew after
each `migrate` (`install`), so that no migration has to care about them.
"""
