"""One figure a suite and one a study, as PNG and SVG.

Each says its result as a sentence in its title, filled in from the data, and
below it where the data come from: how many requests, how many seeds, which
clock. Which way is better stands on the axis, and in the title where it holds
for the whole figure. Colours are Okabe and Ito's, safe for the colour-blind,
and never alone: each curve also has a marker, a line style and its name beside
it. The baseline is grey.
"""
