"""The settings of the project, and what answers where."""
