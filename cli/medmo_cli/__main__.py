"""``python -m medmo_cli``."""

from medmo_cli.main import main

main()
