"""The 3D Ken Burns method of Niklaus et al. (ACM TOG 2019): its depth, points and renderer.

Every part can be used by itself. `point_scene` and `point_renderer` need no network and accept any depth; `disparity`
and `inpaint_points` use the `networks` that are installed.
"""
