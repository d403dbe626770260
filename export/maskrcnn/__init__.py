"""Mask R-CNN (He et al., 2017, arXiv 1703.06870) on ResNet-50 with a feature pyramid, as torchvision trained it.

Keys, thresholds and sizes are those of torchvision's `maskrcnn_resnet50_fpn`; the code is ours, without loops and
branches that a trace would freeze, so that the file takes any size.
"""
