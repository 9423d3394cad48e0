"""`python -m nereid_cli`."""

from nereid_cli.main import main

main()
