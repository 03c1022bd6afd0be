"""`faultcast up`: broker, Redis and workers as processes of one launcher."""
