"""When steps run. The database knows what is due; a runtime only ticks."""
