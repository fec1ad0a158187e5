"""Weather files as their publishers deliver them, to station days in degrees Celsius and millimetres.

Belongs here: file formats, one module a publisher. Must not be here: which stations there are (domain/stations.py), what becomes
of files that disagree (sources/weather_daily.py).
"""
