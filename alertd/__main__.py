"""`python -m alertd` is the command `alertd`."""

from alertd.cli import main

main()
