"""What needs several apps at once. It imports all of them, none imports it, and it owns no table.

storefront: pages of attendees. backoffice: the admin of organizers, and analytics. lifecycle: how
events and accounts end. demo: demo data for development.
"""
