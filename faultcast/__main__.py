"""`python -m faultcast`."""

from faultcast.cli import main

main()
