"""What `faultcast firmware` does: in this machine's store, or on a console over HTTP."""
