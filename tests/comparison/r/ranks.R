# Friedman's test and the studentized range, for tests/comparison/test_inference.py.
# Run in this folder:  Rscript ranks.R
# Writes losses.csv (rows of losses, by case), friedman.csv and range.csv, with the version of R.
set.seed(21)
full <- function(x) trimws(formatC(x, digits = 17, format = "g"))
made <- paste0("R ", R.version$major, ".", R.version$minor)
cases <- list(
  plain = matrix(rexp(60), 15), ties = matrix(sample(1:4, 60, replace = TRUE), 12),
  two = matrix(rexp(20), 10), clear = outer(rexp(9), 1:4)
)
rows <- do.call(rbind, lapply(names(cases), function(case) {
  x <- cases[[case]]
  data.frame(case = case, row = c(row(x)), column = c(col(x)), loss = full(c(x)))
}))
write.csv(rows, "losses.csv", row.names = FALSE, quote = FALSE)
found <- do.call(rbind, lapply(names(cases), function(case) {
  x <- cases[[case]]; n <- nrow(x); k <- ncol(x)
  test <- friedman.test(x)
  chi <- unname(test$statistic)
  f <- (n - 1) * chi / (n * (k - 1) - chi)
  data.frame(
    case = case, chi_square = full(chi), p_chi_square = full(test$p.value), f = full(f),
    p_value = full(pf(f, k - 1, (k - 1) * (n - 1), lower.tail = FALSE)), made_by = made
  )
}))
write.csv(found, "friedman.csv", row.names = FALSE, quote = FALSE)
# ptukey is exact to 7 digits or more, qtukey to about 4 (its own stopping rule)
grid <- expand.grid(models = c(2, 3, 5, 10, 20), q = c(0.5, 2, 3.5, 5))
grid$tail <- full(ptukey(grid$q, grid$models, Inf, lower.tail = FALSE))
grid$upper5 <- full(qtukey(0.95, grid$models, Inf))
grid$made_by <- made
write.csv(grid, "range.csv", row.names = FALSE, quote = FALSE)
