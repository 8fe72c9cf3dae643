"""The window's languages: translation files, and what loads them. `make translations` brings the files up to date."""
