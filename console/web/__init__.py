"""What all pages share: the services they stand on, templates, static files, errors, security headers."""
