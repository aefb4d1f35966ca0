"""The engines over the same deliveries: what is loaded, rejected, computed and stored is the same, value for value."""
