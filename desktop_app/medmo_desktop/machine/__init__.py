"""Models and machine: what is installed, what fits, and exports in the background."""
