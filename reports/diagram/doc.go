// Package diagram draws a topology as SVG, without any library and always the same for
// the same input. Small and layered topologies are drawn in rows, rings and dense ones
// on an ellipse, a hub in its middle. The drawing fits one to some forty nodes.
//
// The SVG stands alone: it holds its own style for light and dark, needs nothing from
// elsewhere, and escapes every word. A page that embeds it and names styles by their
// hash in its policy finds the style's text in [Style].
package diagram
