"""Providers: one folder a vendor. A provider never imports another one's folder."""
