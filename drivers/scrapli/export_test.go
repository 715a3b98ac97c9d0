package scrapli

// CheckDialect makes the dialect of a platform.
func CheckDialect(name string) error {
	d, err := load(name)
	if err == nil {
		_, err = d.dialect(name)
	}
	return err
}
