"""The database that keeps audits and galleries, and the pictures that its rows name."""
