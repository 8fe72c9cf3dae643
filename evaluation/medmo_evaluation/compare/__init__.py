"""One comparison: ask every model the same questions, record, summarize, judge."""
