package filter

import (
	"slices"

	"golang.org/x/net/bpf"
)

const (
	jumpLessOrEqual    = bpf.JumpLessOrEqual
	jumpGreaterOrEqual = bpf.JumpGreaterOrEqual
)

// precedence of operators of arithmetic, the weakest first. Of ^ and % the grammar of libpcap says
// nothing, so that they are accepted beside others only within parentheses.
func precedence() [][]string {
	return [][]string{{"|"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/"}}
}

func operations() map[string]bpf.ALUOp {
	return map[string]bpf.ALUOp{
		"|": bpf.ALUOpOr, "&": bpf.ALUOpAnd, "<<": bpf.ALUOpShiftLeft, ">>": bpf.ALUOpShiftRight, "+": bpf.ALUOpAdd, "-": bpf.ALUOpSub,
		"*": bpf.ALUOpMul, "/": bpf.ALUOpDiv, "%": bpf.ALUOpMod, "^": bpf.ALUOpXor,
	}
}

func relations() map[string]bpf.JumpTest {
	return map[string]bpf.JumpTest{
		"=": bpf.JumpEqual, "==": bpf.JumpEqual, "!=": bpf.JumpNotEqual, "<": bpf.JumpLessThan, "<=": jumpLessOrEqual, ">": bpf.JumpGreaterThan,
		">=": jumpGreaterOrEqual,
	}
}

// computes says whether a token joins numbers.
func computes(t token) bool {
	_, op := operations()[t.text]
	_, rel := relations()[t.text]
	return t.kind == operator && (op || rel)
}

// isArithmetic says whether what comes next is a comparison of numbers.
func (p *parser) isArithmetic() bool {
	t, behind := p.peek(), p.ahead(1)
	switch {
	case t.is("len", "-"):
		return true
	case t.kind == word:
		return behind.is("[")
	case t.kind == number:
		return computes(behind)
	case t.is("("):
		open := 0
		for i, t := range p.list {
			if t.is("(") {
				open++
			} else if t.is(")") {
				open--
			}
			if open == 0 {
				return computes(p.ahead(i + 1))
			}
		}
	}
	return false
}

// sum is a number, and what must hold for there to be one.
type sum struct {
	value value
	guard condition
	whole bool // nothing beside it can take a part of it
}

// relation reads two numbers and how they compare.
func (p *parser) relation() (condition, error) {
	a, err := p.sum()
	if err != nil {
		return nil, err
	}
	t := p.take()
	test, ok := relations()[t.text]
	if !ok || t.kind != operator {
		return nil, p.unexpected(t, "expected a comparison: = != < <= > >=")
	}
	b, err := p.sum()
	if err != nil {
		return nil, err
	}
	return allOf(a.guard, b.guard, comparison{a.value, test, b.value}), nil
}

// sum reads a number.
func (p *parser) sum() (sum, error) {
	s, err := p.operands(0)
	op := p.peek()
	if err != nil || !op.is("^", "%") {
		return s, err
	}
	apart := func(t token) error {
		return p.fault(t, "put what belongs together in parentheses", "%s stands beside another operator", op)
	}
	if !s.whole {
		return s, apart(op)
	}
	p.take()
	other, err := p.operand()
	if err != nil {
		return s, err
	}
	if _, more := operations()[p.peek().text]; more && p.peek().kind == operator {
		return s, apart(p.peek())
	}
	return p.join(op, s, other)
}

// operands reads numbers that are joined by the operators of a precedence, or of a stronger one.
func (p *parser) operands(level int) (sum, error) {
	if level == len(precedence()) {
		return p.operand()
	}
	a, err := p.operands(level + 1)
	for err == nil && slices.ContainsFunc(precedence()[level], func(op string) bool { return p.peek().is(op) }) {
		op := p.take()
		var b sum
		if b, err = p.operands(level + 1); err == nil {
			a, err = p.join(op, a, b)
		}
	}
	return a, err
}

// join makes one number of two.
func (p *parser) join(op token, a, b sum) (sum, error) {
	if n, fixed := b.value.(constant); fixed {
		switch {
		case op.is("/", "%") && n == 0:
			return a, p.fault(op, "", "division by zero")
		case op.is("<<", ">>") && n > 31:
			return a, p.fault(op, "", "a shift by more than 31 bits")
		}
	}
	return sum{value: operation{operations()[op.text], a.value, b.value}, guard: allOf(a.guard, b.guard)}, nil
}

// operand reads one number.
func (p *parser) operand() (sum, error) {
	t := p.take()
	if err := p.deeper(t); err != nil {
		return sum{}, err
	}
	defer func() { p.depth-- }()
	var s sum
	var err error
	switch {
	case t.kind == number:
		s.value = constant(t.num)
	case t.is("len"):
		s.value = length{}
	case t.is("-"):
		s, err = p.operand()
		s.value = operation{bpf.ALUOpSub, constant(0), s.value}
	case t.is("("):
		if s, err = p.sum(); err == nil {
			err = p.expect(")")
		}
	case t.kind == word && p.accept("["):
		s, err = p.field(t)
	default:
		err = p.unexpected(t, "expected a number, len or a field such as ip[8]")
	}
	s.whole = true
	return s, err
}

// field reads what stands in brackets behind a protocol.
func (p *parser) field(proto token) (sum, error) {
	index, err := p.sum()
	if err != nil {
		return sum{}, err
	}
	f := field{size: 1}
	if p.accept(":") {
		n := p.take()
		if n.kind != number || n.num != 1 && n.num != 2 && n.num != 4 {
			return sum{}, p.fault(n, "1, 2 or 4", "%s is no number of bytes to read", n)
		}
		f.size = n.num
	}
	if err := p.expect("]"); err != nil {
		return sum{}, err
	}
	guard, err := p.locate(proto, &f)
	if err != nil {
		return sum{}, err
	}
	if n, fixed := index.value.(constant); fixed {
		if n > maxIndex {
			return sum{}, p.fault(proto, "", "no frame has a byte %d", n)
		}
		f.off += uint32(n)
	} else {
		f.index = index.value
	}
	return sum{value: f, guard: allOf(index.guard, guard)}, nil
}

// maxIndex is more than any frame has bytes.
const maxIndex = 1<<16 - 1
