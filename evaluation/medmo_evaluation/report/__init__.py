"""The report of a comparison as HTML, Markdown and JSON."""
