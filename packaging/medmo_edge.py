"""What PyInstaller starts."""

from medmo_desktop.shell.entry import main

main()
