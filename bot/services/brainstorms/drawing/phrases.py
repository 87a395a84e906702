"""The phrases that takes differ in: short, unlike each other, and of the kind that video models follow."""

from __future__ import annotations

from dataclasses import dataclass

LISTS = {
    "camera": (
        "slow dolly in",
        "wide static shot",
        "handheld close-up",
        "low angle looking up",
        "aerial drone shot",
        "tracking shot from the side",
        "slow pan to the right",
        "overhead top-down view",
        "orbit around the subject",
        "crane shot rising up",
        "point-of-view shot",
        "extreme macro shot",
    ),
    "style": (
        "photorealistic film look",
        "hand-drawn 2D animation",
        "claymation stop motion",
        "watercolour painting in motion",
        "black and white film noir",
        "retro 16 mm home movie",
        "anime style",
        "low-poly 3D render",
        "cut-out paper collage",
        "nature documentary",
        "oil painting with thick brushstrokes",
        "1980s VHS tape",
    ),
    "light": (
        "golden hour light",
        "hard noon sun",
        "soft overcast light",
        "neon light at night",
        "candlelight",
        "moonlight",
        "backlit silhouette",
        "light beams through fog",
        "studio softbox lighting",
        "flickering firelight",
        "cold blue hour",
        "dappled light under trees",
    ),
    "place": (
        "in a snowy forest",
        "on a rainy city street",
        "in a desert of dunes",
        "on a rocky beach",
        "in a small kitchen",
        "in an old library",
        "on a mountain top",
        "in an empty parking garage",
        "in a field of flowers",
        "inside a space station",
        "at a crowded night market",
        "under water",
    ),
    "mood": (
        "calm and quiet",
        "joyful and playful",
        "tense and suspenseful",
        "melancholic",
        "dreamlike",
        "epic and grand",
        "mysterious",
        "cosy and warm",
        "eerie",
        "energetic and fast",
        "romantic",
        "deadpan comedy",
    ),
}
"""By name: twelve phrases for each axis along which an idea is varied."""


@dataclass(frozen=True, slots=True)
class Look:
    """A camera, a light and a style that belong together; phrases of ``LISTS``."""

    camera: str
    light: str
    style: str

    def __str__(self) -> str:
        return f"{self.camera}, {self.light}, {self.style}"


LOOKS = (
    Look("slow dolly in", "golden hour light", "photorealistic film look"),
    Look("low angle looking up", "backlit silhouette", "black and white film noir"),
    Look("handheld close-up", "dappled light under trees", "retro 16 mm home movie"),
    Look("aerial drone shot", "soft overcast light", "nature documentary"),
    Look("wide static shot", "moonlight", "watercolour painting in motion"),
    Look("orbit around the subject", "studio softbox lighting", "low-poly 3D render"),
    Look("tracking shot from the side", "neon light at night", "anime style"),
    Look("overhead top-down view", "hard noon sun", "cut-out paper collage"),
    Look("extreme macro shot", "candlelight", "claymation stop motion"),
    Look("slow pan to the right", "cold blue hour", "oil painting with thick brushstrokes"),
    Look("point-of-view shot", "flickering firelight", "1980s VHS tape"),
    Look("crane shot rising up", "light beams through fog", "hand-drawn 2D animation"),
)
"""What *Auto* takes from: no two of them share anything."""
