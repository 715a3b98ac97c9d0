package scenarios

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// wholeText tells where an expression holds a text against all of an answer, and most likely means a line of it:
// an answer ends with a new line, and ^ and $ stand for its begin and its end unless the pattern says (?m).
// It is empty where it does not.
func wholeText(n *ast.BinaryNode) string {
	right, isText := n.Right.(*ast.StringNode)
	if left := n.Left.String(); !isText || left != "text" && left != "before.text" {
		return ""
	}
	switch n.Operator {
	case "==", "!=":
		if s := right.Value; s != "" && s[len(s)-1] != '\n' {
			return fmt.Sprintf("an answer ends with a new line, which %s has not: write trim(text)", strconv.Quote(bounded(s, 40)))
		}
	case "matches":
		re, err := syntax.Parse(right.Value, syntax.Perl)
		if err == nil && anchored(re) {
			return fmt.Sprintf("^ and $ of %s are the begin and the end of the whole answer, which ends with a new line: write (?m) where a line is meant, or trim(text)", strconv.Quote(bounded(right.Value, 40)))
		}
	}
	return ""
}

// wholeNumber tells where an expression takes all of an answer for a number; empty where it does not.
func wholeNumber(n *ast.BuiltinNode) string {
	if n.Name != "int" && n.Name != "float" || len(n.Arguments) != 1 {
		return ""
	}
	if arg := n.Arguments[0].String(); arg == "text" || arg == "before.text" {
		return fmt.Sprintf("%s takes no text that ends with a new line, as an answer does: write %s(trim(%s))", n.Name, n.Name, arg)
	}
	return ""
}

// anchored reports whether a pattern has ^ or $ for the begin or the end of the text, other than beside space that
// may be a new line.
func anchored(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText:
		return true
	case syntax.OpEndText:
		return re.Flags&syntax.WasDollar != 0
	case syntax.OpConcat:
		for i, sub := range re.Sub {
			beside := sub.Op == syntax.OpBeginText && i+1 < len(re.Sub) && maySpan(re.Sub[i+1]) ||
				sub.Op == syntax.OpEndText && i > 0 && maySpan(re.Sub[i-1])
			if !beside && anchored(sub) {
				return true
			}
		}
		return false
	default:
		return slices.ContainsFunc(re.Sub, anchored)
	}
}

// maySpan reports whether a part of a pattern may take a new line, or be one.
func maySpan(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpAnyChar:
		return true
	case syntax.OpLiteral:
		return slices.Contains(re.Rune, '\n')
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= '\n' && '\n' <= re.Rune[i+1] {
				return true
			}
		}
		return false
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat, syntax.OpCapture, syntax.OpAlternate:
		return slices.ContainsFunc(re.Sub, maySpan)
	default:
		return false
	}
}
