"""History, case files and exports, free of Qt."""
