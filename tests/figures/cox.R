# Makes the figures of tests/test_cox_figures.py with R's glmnet and survival:
#   Rscript cox.R BrainCancer.csv
# (the table of the Python package ISLP). Writes cox_rows.csv and cox_figures.csv beside it.
suppressMessages({library(glmnet); library(survival)})
set.seed(1)
n <- 90; p <- 8
x <- round(matrix(rnorm(n * p), n, p), 3)
x[, 2] <- round(0.6 * x[, 1] + 0.8 * x[, 2], 3)
eta <- x[, 1] - 0.7 * x[, 3] + 0.4 * x[, 5]
entry <- round(rexp(n, 2), 1)
time <- round(entry + pmax(0.1, rexp(n, exp(eta))), 1)      # many ties
event <- as.numeric(runif(n) < 0.7)
weight <- sample(1:3, n, TRUE)
stratum <- sample(1:3, n, TRUE)
offset <- round(rnorm(n, 0, 0.5), 3)
rows <- data.frame(time, event, entry, weight, stratum, offset, x)
write.csv(rows, "cox_rows.csv", row.names = FALSE)

out <- NULL
add <- function(case, alpha, coef) {
  coef <- as.vector(coef)
  out <<- rbind(out, data.frame(case = case, alpha = alpha, feature = seq_along(coef) - 1,
                                coef = sprintf("%.12g", coef)))
}
path <- function(case, x, y, at, ...) {
  made <- glmnet(x, y, family = "cox", lambda = at, thresh = 1e-20, maxit = 1e7, ...)
  for (k in seq_along(at)) add(case, at[k], made$beta[, k])
}
glmnet.control(epsnr = 1e-15, mxitnr = 1000)
alphas <- c(0.2, 0.1, 0.05, 0.02, 0.005, 0.001)
path("plain", x, Surv(time, event), alphas)
path("raw", x, Surv(time, event), alphas, standardize = FALSE)
path("elastic", x, Surv(time, event), alphas, alpha = 0.4)
path("weights", x, Surv(time, event), alphas, weights = weight)
path("offset", x, Surv(time, event), alphas, offset = offset)
path("strata", x, stratifySurv(Surv(time, event), stratum), alphas)
path("entry", x, Surv(entry, time, event), alphas)
path("everything", x, stratifySurv(Surv(entry, time, event), stratum), alphas, weights = weight,
     offset = offset)

fold <- (seq_len(n) - 1) %% 5 + 1
held <- cv.glmnet(x, Surv(time, event), family = "cox", lambda = alphas, thresh = 1e-20,
                  foldid = fold, grouped = TRUE)
add("cv", 0, held$cvm)

exact <- coxph.control(eps = 1e-15, iter.max = 100, toler.chol = 1e-16)
for (ties in c("breslow", "efron")) {
  full <- function(case, formula, weights = rep(1, n)) {
    environment(formula) <- environment()
    made <- coxph(formula, weights = weights, ties = ties, control = exact)
    add(paste(case, ties), 0, coef(made))
  }
  full("plain", Surv(time, event) ~ x)
  full("weights", Surv(time, event) ~ x, weights = weight)
  full("offset", Surv(time, event) ~ x + offset(offset))
  full("strata", Surv(time, event) ~ x + strata(stratum))
  full("entry", Surv(entry, time, event) ~ x)
  full("everything", Surv(entry, time, event) ~ x + strata(stratum) + offset(offset),
       weights = weight)
}

brain <- na.omit(read.csv(commandArgs(TRUE)[1], stringsAsFactors = TRUE))
b <- model.matrix(~ sex + diagnosis + loc + ki + gtv + stereo, brain)[, -1]
path("brain", b, Surv(brain$time, brain$status), c(0.2, 0.1, 0.05, 0.02, 0.01, 0.001))
for (ties in c("breslow", "efron"))
  add(paste("brain", ties), 0,
      coef(coxph(Surv(brain$time, brain$status) ~ b, ties = ties, control = exact)))
write.csv(out, "cox_figures.csv", row.names = FALSE, quote = FALSE)
