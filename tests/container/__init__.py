"""The image, built by its Dockerfile and run as an engine would run it, without an engine."""
