"""How far the price may move: bands around a forecast, and how often they held."""
