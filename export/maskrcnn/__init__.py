"""Mask R-CNN (He et al., 2017, arXiv 1703.06870) on ResNet-50 with a feature pyramid, as torchvision trained it.

Keys, thresholds and sizes are those of torchvision's `maskrcnn_resnet50_fpn`. The code is ours; it has no loops and
branches that a trace would freeze, so the file accepts any size.
"""
