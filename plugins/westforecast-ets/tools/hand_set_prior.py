"""Write the hand-set prior of `AveragedETS`, products of simple factors, to its tables.

    python plugins/westforecast-ets/tools/hand_set_prior.py

What the factors say: most annual series are close to a random walk (alpha near 1) with a steady or
fading change (beta = 0 or small, phi below 1), and a change that does not fade is dangerous on
the log scale, where it means exponential growth. They were set by hand after a look at origins
inside the training part of M3 yearly, tourism, PWT and Gapminder series; no test part was used.
"""

import csv
from itertools import product
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "src" / "westforecast_ets"

FORM = {
    "level": {"level": 0.20, "trend": 0.15, "damped": 0.65},
    "log": {"level": 0.20, "trend": 0.05, "damped": 0.75},
}
LEVEL_ALPHA = {0.1: 1, 0.3: 1, 0.5: 2, 0.7: 4, 0.85: 8, 1.0: 16}
ALPHA = {0.3: 1, 0.5: 2, 0.7: 4, 0.85: 8, 1.0: 16}
BETA_OF_ALPHA = {0.0: 8, 0.1: 2, 0.3: 1, 0.6: 0.5}
# Standard deviation of the first slope in units of sigma; a steady one may also stand out clearly
# from the noise. On simulated drifts of 1 to 10 sigma this errs least; it changes little elsewhere.
KAPPA, CLEAR = {0.7: 1}, {0.7: 3, 3.0: 1}
PHI = {
    "level": {"trend": {1.0: 1}, "damped": {0.95: 3, 0.9: 3, 0.8: 2}},
    "log": {"trend": {1.0: 1}, "damped": {0.95: 1, 0.9: 3, 0.8: 4}},
}
# Weight of the error in the season as a part of 1 - alpha; standard deviation of a first seasonal
# effect in units of sigma, 0 = no season.
SEASON = {(0.0, 0.0): 1, (0.0, 3.0): 1, (0.1, 3.0): 1, (0.3, 3.0): 1}


def points():
    """scale, form, alpha, beta, phi, kappa, weight of each candidate; weights add up to one."""
    for scale, forms in FORM.items():
        for alpha, weight in shares(LEVEL_ALPHA).items():
            yield scale, "level", alpha, 0.0, 1.0, 0.0, forms["level"] * weight / 2
        for form, phis in PHI[scale].items():
            factors = [shares(each).items() for each in (phis, ALPHA, BETA_OF_ALPHA)]
            for (phi, w1), (alpha, w2), (part, w3) in product(*factors):
                steady = part == 0 and phi >= 0.95
                for kappa, w4 in shares(CLEAR if steady else KAPPA).items():
                    weight = forms[form] / 2 * w1 * w2 * w3 * w4
                    yield scale, form, alpha, round(part * alpha, 6), phi, kappa, weight


def shares(weights):
    total = sum(weights.values())
    return {value: weight / total for value, weight in weights.items()}


def write(name, header, rows):
    with (FOLDER / name).open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows([*row[:-1], f"{row[-1]:.8f}"] for row in rows)


if __name__ == "__main__":
    write("prior.csv", ("scale", "form", "alpha", "beta", "phi", "kappa", "weight"), points())
    seasons = ((part, scale, weight) for (part, scale), weight in shares(SEASON).items())
    write("season.csv", ("gamma", "scale", "weight"), seasons)
