"""What DNS says of the domains that emails are sent from: MX, SPF, DKIM and DMARC."""
