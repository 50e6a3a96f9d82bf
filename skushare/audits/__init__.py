"""Audits: what was found on a shelf, kept so that it can be shown, corrected, compared and explained."""
