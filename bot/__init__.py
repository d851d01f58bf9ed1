"""chipwatch: a scheduled news-monitoring alert bot."""
