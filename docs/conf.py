"""Sphinx's settings for the site; `python -m docs.site_builder` copies this file beside its pages."""

project = "Glass Zoo"
author = "the authors of Glass Zoo"
copyright = "the authors of Glass Zoo, Apache License 2.0"  # noqa: A001  (Sphinx reads it by this name)
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_design",
    "sphinx_copybutton",
    "docs.mathml",
]
exclude_patterns = ["lessons/files"]
html_math_renderer = "mathml"
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_show_search_summary = False  # it would fetch pages, which a browser does not do from the disk
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0a6b8a", "color-brand-content": "#0a6b8a"},
    "dark_css_variables": {"color-brand-primary": "#6cc7e6", "color-brand-content": "#6cc7e6"},
}

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_inline", "attrs_block"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
nb_execution_mode = "off"  # the notebooks come with their outputs

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_use_ivar = True
napoleon_use_rtype = False
default_role = "code"  # docstrings write `name` for code
suppress_warnings = ["mystnb.unknown_mime_type"]
add_module_names = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
