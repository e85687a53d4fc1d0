# Diebold-Mariano tests by forecast::dm.test, for tests/comparison/test_inference.py.
# Run in this folder:  Rscript dm.R
# Writes dm_errors.csv (errors of two forecasts, by case) and dm.csv (statistic and p-value), each
# with the versions of R and forecast it was made by.
suppressMessages(library(forecast))
set.seed(20)
overlapping <- function(n, h) {
  shocks <- rnorm(n + h - 1)
  sapply(seq_len(n), function(o) sum(shocks[o:(o + h - 1)]))
}
cases <- list()
for (n in c(8, 12, 40)) for (h in c(1, 2, 5)) {
  e <- overlapping(n, h)
  cases[[paste0("n", n, "h", h)]] <- list(h = h, a = e + rnorm(n, 0.3), b = e + rnorm(n))
}
# alternating differences: the sum of autocovariances is below 0, and dm.test goes back to h = 1
up <- rep(c(1, 0.1), 6)
cases[["negative"]] <- list(h = 2, a = up + 0.01 * (1:12), b = rev(up))
made <- paste0(R.version$major, ".", R.version$minor, ", forecast ", packageVersion("forecast"))
full <- function(x) trimws(formatC(x, digits = 17, format = "g"))
errors <- do.call(rbind, lapply(names(cases), function(case) {
  x <- cases[[case]]
  data.frame(case = case, t = seq_along(x$a), a = full(x$a), b = full(x$b))
}))
write.csv(errors, "dm_errors.csv", row.names = FALSE, quote = FALSE)
rows <- list()
for (case in names(cases)) for (power in 1:2) for (v in c("acf", "bartlett")) {
  x <- cases[[case]]
  fell <- FALSE
  found <- withCallingHandlers(
    dm.test(x$a, x$b, h = x$h, power = power, varestimator = v),
    warning = function(w) { fell <<- TRUE; invokeRestart("muffleWarning") }
  )
  rows[[length(rows) + 1]] <- data.frame(
    case = case, h = x$h, power = power, variance = v, statistic = full(unname(found$statistic)),
    p_value = full(found$p.value), fell_back = fell, made_by = paste0("\"R ", made, "\"")
  )
}
write.csv(do.call(rbind, rows), "dm.csv", row.names = FALSE, quote = FALSE)
