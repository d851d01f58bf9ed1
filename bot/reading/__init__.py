"""Reading beside the process: documents are read by workers that can be stopped, whatever is in them."""
