"""rtadapt: an online real-time adaptation server. From a pushed event to a served answer, in seconds."""

__version__ = "0.1.0"
