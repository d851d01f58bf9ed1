"""What the process answers over HTTP: is it alive, is it ready."""
