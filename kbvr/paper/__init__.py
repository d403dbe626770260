"""The 3D Ken Burns method of Niklaus et al. (ACM TOG 2019): its depth, points and renderer.

Every part can be used by itself. `point_scene` and `PointRenderer` need no network and take any depth; the others take
the networks that a person has brought.
"""

from kbvr.paper.cloud import PointScene, coverage, point_scene
from kbvr.paper.disparity import paper_depth_map, paper_disparity
from kbvr.paper.inpaint import inpainted
from kbvr.paper.networks import PaperNetworks
from kbvr.paper.renderer import PointRenderer
from kbvr.paper.segmentation import Instances, adjusted_depth, adjusted_disparity, segment

__all__ = [
    "Instances",
    "PaperNetworks",
    "PointRenderer",
    "PointScene",
    "adjusted_depth",
    "adjusted_disparity",
    "coverage",
    "inpainted",
    "paper_depth_map",
    "paper_disparity",
    "point_scene",
    "segment",
]
