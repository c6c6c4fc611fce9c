"""What needs several apps at once; it imports all of them, none imports it, it owns no table."""
