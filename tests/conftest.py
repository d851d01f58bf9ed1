"""What every test shares."""

from hypothesis import settings

# The suite runs beside itself on two cores: a slow example says more of the machine than of the code.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
