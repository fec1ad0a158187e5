"""How far colours stand out from each other, by the formula of WCAG and not by anything of the product's."""

from matplotlib.colors import to_rgb


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21, of two colours (WCAG 2.1, "contrast ratio" and "relative luminance")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour))
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)
