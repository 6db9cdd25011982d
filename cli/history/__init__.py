"""A simulated history: short replays of generated crowds, laid out over weeks of several sites."""
