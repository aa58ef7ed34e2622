"""CardDAV (RFC 6352): the address books of Nextcloud, iCloud, Fastmail, Radicale; see README.md."""
